// What `make lint-js` checks in the JavaScript of the report, of the served page and of exported pages.
const BROWSER = [
  "AbortController", "Blob", "CustomEvent", "DecompressionStream", "Event", "EventTarget", "FormData", "HTMLCanvasElement", "Image", "ImageData", "IntersectionObserver", "MutationObserver", "Option", "Path2D",
  "ResizeObserver", "Response", "URL", "addEventListener", "atob", "clearTimeout", "console", "crypto", "devicePixelRatio", "document", "fetch",
  "getComputedStyle", "globalThis", "innerWidth", "location", "matchMedia", "navigator", "performance", "requestAnimationFrame", "sessionStorage", "setTimeout",
  "structuredClone", "window",
];

module.exports = [
  {
    files: ["src/misread/**/*.js"],
    languageOptions: {
      ecmaVersion: 2024,
      sourceType: "module",
      globals: Object.fromEntries(BROWSER.map((name) => [name, "readonly"])),
    },
    rules: {
      "no-undef": "error",
      "no-unused-vars": "error",
      "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
      "no-shadow-restricted-names": "error",
      "no-const-assign": "error",
      "no-dupe-keys": "error",
      "no-unreachable": "error",
      "no-var": "error",
      "no-implicit-globals": "error",
      "prefer-const": "error",
      eqeqeq: "error",
      "max-lines": ["error", 300],
      "max-lines-per-function": ["error", { max: 100, skipBlankLines: true, skipComments: true }],
    },
  },
];
