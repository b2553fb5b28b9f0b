// What Gradio's picture lacks: paste and drop anywhere on the page, files whose type the browser does not
// know (HEIC on many systems; what is no picture at all is for the server to say), names for the examples.
(() => {
  const input = () => document.querySelector("#picture input[type=file]");
  const asImage = (file) =>
    file.type.startsWith("image/") ? file : new File([file], file.name, { type: "image/unknown" });
  const listOf = (file) => {
    const list = new DataTransfer();
    list.items.add(asImage(file));
    return list.files;
  };
  const take = (event, files) => {
    if (!files || !files.length || !input()) return;
    event.preventDefault();
    event.stopPropagation();
    event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true }));
    input().files = listOf(files[0]);
    input().dispatchEvent(new Event("change", { bubbles: true }));
  };
  document.addEventListener("paste", (event) => take(event, event.clipboardData?.files), true);
  document.addEventListener("dragover", (event) => event.preventDefault(), true);
  document.addEventListener("drop", (event) => take(event, event.dataTransfer?.files), true);
  document.addEventListener("change", (event) => {
    const chosen = event.target === input() && event.target.files[0];
    if (chosen && !chosen.type.startsWith("image/")) event.target.files = listOf(chosen);
  }, true);
  document.addEventListener("click", () => {
    if (input()) input().accept = "image/*,.heic,.heif,.hif,.avif";
  }, true);
  document.addEventListener("error", (event) => {
    if (event.target.closest?.("#picture")) {
      event.target.alt = "Your browser cannot show this file";
      event.target.classList.add("unshown");
    }
  }, true);
  const name = (image) => {
    image.alt = "Example: " + image.src.split("/").pop().split(".")[0].replaceAll("-", " ");
  };
  document.querySelectorAll("#examples img").forEach(name); // those that were there before this script
  document.addEventListener("load", (event) => {
    if (event.target.closest?.("#examples")) name(event.target);
  }, true);
  document.documentElement.dataset.listening = "";
})();
