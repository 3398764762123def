// Runs before the first paint, so that a dark shop never flashes white. The screens keep the
// theme here; without a choice the system's holds (boot.css).
try {
  const theme = localStorage.getItem("kontor-theme");
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
  }
} catch {
  // Storage switched off: the system's theme it is.
}
