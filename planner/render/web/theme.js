// The button that changes between the light and the dark theme; without it the system's wish counts.
(() => {
  "use strict";
  const planner = (window.planner = window.planner || {});
  const KEY = "planner-theme";

  function remembered() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage may be off, or refused for a file
    }
  }

  function remember(theme) {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // the choice then lasts as long as the page
    }
  }

  function isDark() {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
  }

  planner.theme = (button) => {
    const say = () => {
      button.textContent = isDark() ? "Light theme" : "Dark theme";
    };
    const chosen = remembered();
    if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
    say();
    button.hidden = false;
    button.addEventListener("click", () => {
      document.documentElement.dataset.theme = isDark() ? "light" : "dark";
      remember(document.documentElement.dataset.theme);
      say();
    });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", say);
  };
})();
