// What Gradio's components lack: paste and drop anywhere on the page, names for the examples, a slider for the
// keyboard, a table that sorts.
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
    const given = [...files]; // the event's own list empties itself
    zone().querySelector("button[aria-label='Clear']")?.click(); // the files before these make room
    const wait = setInterval(() => {
      if (!zone() || zone().querySelector("button[aria-label='Clear']") || !input()) return;
      clearInterval(wait);
      give(given);
    }, 20);
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

  // The line between picture and heat map: named, and moved with the arrow keys as the mouse would move it.
  const STEP = 0.05;
  const shareOf = (handle) => {
    const area = handle.parentElement.getBoundingClientRect();
    const place = handle.getBoundingClientRect();
    return (place.left + place.width / 2 - area.left) / area.width;
  };
  const moveTo = (handle, share) => {
    const area = handle.parentElement.getBoundingClientRect();
    const at = (x) => ({ bubbles: true, cancelable: true, view: window, clientX: x, clientY: area.top + 9 });
    handle.dispatchEvent(new MouseEvent("mousedown", at(area.left + shareOf(handle) * area.width)));
    window.dispatchEvent(new MouseEvent("mousemove", at(area.left + share * area.width)));
    window.dispatchEvent(new MouseEvent("mouseup", at(area.left + share * area.width)));
    tell(handle, share);
  };
  const tell = (handle, share) => {
    const attributes = { role: "slider", tabindex: 0, "aria-label": "Line between your picture and the heat map" };
    Object.assign(attributes, { "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.round(100 * share) });
    Object.entries(attributes).forEach(([name, value]) => handle.setAttribute(name, value));
  };
  document.addEventListener("load", (event) => {
    const slider = event.target.closest?.("#heat .slider-wrap");
    if (!slider) return;
    const [picture, map] = slider.querySelectorAll("img");
    picture.alt = "Your picture";
    map.alt = "The same in grey, with the parts that spoke for fake in orange and for real in blue";
    tell(slider.querySelector(".outer"), 0.5);
  }, true);
  document.addEventListener("keydown", (event) => {
    const handle = event.target.closest?.("#heat .outer");
    const step = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP, Home: -1, End: 1 }[event.key];
    if (!handle || !step) return;
    event.preventDefault();
    moveTo(handle, Math.min(1, Math.max(0, shareOf(handle) + step)));
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
