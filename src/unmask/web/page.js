// What Gradio's components lack: paste and drop anywhere on the page, names for the examples, a slider for the
// keyboard, a table that sorts, a time line to jump by.
(() => {
  const shown = (element) => element && element.offsetParent !== null;
  const zone = () => ["#picture", "#clip", "#batch-files"].map((id) => document.querySelector(id)).find(shown);
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

  // A clip's player, and what jumps in it: the points of a time line, and faces, each with its moment.
  const player = () => document.querySelector("#clip-player video");
  const jump = (moment) => {
    player().pause();
    player().currentTime = Number(moment.dataset.time);
    player().scrollIntoView({ block: "nearest" });
  };
  const middle = (element) => {
    const box = element.getBoundingClientRect();
    return box.left + box.width / 2;
  };
  const reach = (points, chosen) => {
    points.forEach((point) => point.setAttribute("tabindex", point === chosen ? 0 : -1));
    chosen.focus();
  };
  document.addEventListener("click", (event) => {
    const line = event.target.closest?.(".time-line svg");
    const face = event.target.closest?.(".moments [data-time]");
    if (face) jump(face);
    if (!line) return; // a click beside the points goes to the nearest: they are small on a phone
    const away = (point) => Math.abs(middle(point) - event.clientX);
    const points = [...line.querySelectorAll("[data-time]")];
    const nearest = points.reduce((best, point) => (away(point) < away(best) ? point : best));
    reach(points, nearest);
    jump(nearest);
  });
  document.addEventListener("keydown", (event) => {
    const point = event.target.closest?.(".time-line [data-time]");
    if (!point) return;
    const points = [...point.parentElement.querySelectorAll("[data-time]")];
    const place = points.indexOf(point);
    const next = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: points.length - 1 }[event.key];
    if (next === undefined && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (next === undefined) jump(point);
    else if (points[next]) reach(points, points[next]);
  });
  // While the clip plays, the frame judged last is marked in every time line.
  document.addEventListener("timeupdate", (event) => {
    if (event.target !== player()) return;
    document.querySelectorAll(".time-line svg").forEach((line) => {
      const passed = [...line.querySelectorAll("[data-time]")].filter((p) => p.dataset.time <= player().currentTime + 0.05);
      line.querySelector(".now")?.classList.remove("now");
      passed.at(-1)?.classList.add("now");
    });
  }, true);
  document.addEventListener("error", (event) => {
    if (event.target === player()) player().nextElementSibling.hidden = false;
  }, true);
  document.documentElement.dataset.listening = "";
})();
