// Starts the screens. In a file, because the page's policy allows no script inside it.
import init from "./ui.js";

// Marks in the page's timeline, for whoever looks where the time of a start goes (`cargo xtask bench start`).
performance.mark("boot");
const skeleton = document.getElementById("boot");

try {
  await init({ module_or_path: new URL("./ui_bg.wasm", import.meta.url) });
  performance.mark("screens");
  skeleton?.remove();
} catch (error) {
  // No translation can be read without the screens: say what the machine said.
  console.error(error);
  skeleton?.removeAttribute("aria-busy");
  skeleton?.setAttribute("role", "alert");
  skeleton?.replaceChildren(String(error));
}
