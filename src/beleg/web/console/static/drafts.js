// Drafts: what was typed into a long field stays in this tab until it was sent and taken.
export function drafts() {
  for (const field of document.querySelectorAll("[data-keep]")) {
    const name = `draft ${location.pathname} ${field.form.getAttribute("action")} ${field.name}`;
    field.value ||= sessionStorage.getItem(name) ?? "";
    field.addEventListener("input", () => sessionStorage.setItem(name, field.value));
    field.form.addEventListener("submit", () => sessionStorage.removeItem(name));
  }
}
