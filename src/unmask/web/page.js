// What Gradio's components lack: paste and drop anywhere on the page, names for the examples, a table that sorts.
(() => {
  const shown = (element) => element && element.offsetParent !== null;
  const zone = () => ["#picture", "#batch-files"].map((id) => document.querySelector(id)).find(shown);
  const input = () => zone()?.querySelector("input[type=file]");
  const give = (files) => {
    const list = new DataTransfer();
    [...files].forEach((file) => list.items.add(file));
    input().files = list.files;
    input().dispatchEvent(new Event("change", { bubbles: true }));
  };
  const take = (event, files) => {
    if (!files || !files.length || !zone()) return;
    event.preventDefault();
    event.stopPropagation();
    event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true }));
    if (input()) return give(files);
    zone().querySelector("button[aria-label='Clear']")?.click(); // the files before these make room
    const wait = setInterval(() => input() && (clearInterval(wait), give(files)), 50);
  };
  document.addEventListener("paste", (event) => take(event, event.clipboardData?.files), true);
  document.addEventListener("dragover", (event) => event.preventDefault(), true);
  document.addEventListener("drop", (event) => take(event, event.dataTransfer?.files), true);

  const name = (image) => {
    image.alt = "Example: " + image.src.split("/").pop().split(".")[0].replaceAll("-", " ");
  };
  document.querySelectorAll("#examples img").forEach(name); // those that were there before this script
  document.addEventListener("load", (event) => {
    if (event.target.closest?.("#examples")) name(event.target);
  }, true);

  const valueOf = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const compare = (one, other) =>
    isNaN(one) || isNaN(other) ? one.localeCompare(other, undefined, { numeric: true }) : one - other;
  document.addEventListener("click", (event) => {
    const head = event.target.closest?.("table.sortable th button")?.parentElement;
    if (!head) return;
    const way = head.ariaSort === "ascending" ? "descending" : "ascending";
    for (const other of head.parentElement.cells) other.ariaSort = other === head ? way : "none";
    const body = head.closest("table").tBodies[0];
    const sign = way === "ascending" ? 1 : -1;
    const column = head.cellIndex;
    body.append(...[...body.rows].sort((a, b) => sign * compare(valueOf(a, column), valueOf(b, column))));
  });
  document.documentElement.dataset.listening = "";
})();
