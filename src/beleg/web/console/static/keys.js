// Keys: j and k walk through the rows, Enter opens one, / searches, g then t or c goes somewhere, ? shows the list.
const typing = (target) => target.closest("input, textarea, select, [contenteditable]");

export function keys() {
  const dialog = document.getElementById("keys");
  const button = document.querySelector("[data-keys]");
  const rows = [...document.querySelectorAll("[data-row]")];
  let here = -1;
  let going = false;

  function walk(step) {
    if (!rows.length) return;
    rows[here]?.removeAttribute("data-here");
    here = Math.min(Math.max(here + step, 0), rows.length - 1);
    rows[here].setAttribute("data-here", "");
    const goal = rows[here].querySelector("a") ?? rows[here];
    goal.focus();
    rows[here].scrollIntoView({ block: "nearest" });
  }

  const acts = {
    j: () => walk(1),
    k: () => walk(-1),
    "/": () => document.getElementById("q")?.focus(),
    "?": () => dialog.showModal(),
    g: () => { going = true; },
  };
  const places = { t: "/", c: "/cases" };

  button.hidden = false;
  button.addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || dialog.open) return;
    if (going && places[event.key]) {
      location.href = places[event.key];
      return;
    }
    going = false;
    const act = acts[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
}
