// Graphs: larger and smaller, moved by scrolling or dragging, and a node kept lit by choosing it.
export function graphs() {
  for (const figure of document.querySelectorAll("[data-graph]")) {
    const svg = figure.querySelector("svg");
    zoom(figure, svg);
    drag(figure);
    for (const node of svg.querySelectorAll("g.hub, g.spoke")) {
      node.addEventListener("click", (event) => {
        event.preventDefault();
        node.classList.toggle("picked");
        document.querySelectorAll("[data-here]").forEach((row) => row.removeAttribute("data-here"));
        const goal = node.querySelector("a").getAttribute("href");
        document.querySelector(goal)?.setAttribute("data-here", "");
      });
    }
  }
}

function zoom(figure, svg) {
  const tall = Number(svg.getAttribute("height"));
  const wide = figure.clientWidth;
  let size = 1;
  const bar = document.createElement("p");
  bar.className = "zoom";
  for (const [sign, step] of [["+", 1.25], ["−", 0.8]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = sign;
    button.addEventListener("click", () => {
      size = Math.min(Math.max(size * step, 0.5), 4);
      svg.setAttribute("viewBox", `0 0 ${wide} ${tall}`);
      svg.setAttribute("width", wide * size);
      svg.setAttribute("height", tall * size);
      figure.toggleAttribute("data-zoomed", size > 1);
    });
    bar.append(button);
  }
  figure.before(bar);
}

function drag(figure) {
  let from = null;
  figure.addEventListener("pointerdown", (event) => {
    from = [event.clientX + figure.scrollLeft, event.clientY + figure.scrollTop];
  });
  figure.addEventListener("pointermove", (event) => {
    if (from && event.buttons) figure.scrollTo(from[0] - event.clientX, from[1] - event.clientY);
  });
  figure.addEventListener("pointerup", () => { from = null; });
}
