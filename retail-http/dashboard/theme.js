// Before anything is painted: the theme that was chosen on this page earlier.
(() => {
  try {
    const chosen = localStorage.getItem("retail-theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Without storage the page follows the system.
  }
})();
