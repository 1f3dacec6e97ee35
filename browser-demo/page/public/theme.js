// Runs before the first paint, so that the page never flashes in the wrong colours.
(function () {
  var wantsDark = window.matchMedia("(prefers-color-scheme: dark)");
  function stored() {
    try {
      return window.localStorage.getItem("fedge-theme");
    } catch {
      return null; // storage is blocked: follow the system
    }
  }
  function apply() {
    var theme = stored();
    if (theme !== "dark" && theme !== "light") theme = wantsDark.matches ? "dark" : "light";
    document.documentElement.dataset.theme = theme;
  }
  apply();
  wantsDark.addEventListener("change", apply);
})();
