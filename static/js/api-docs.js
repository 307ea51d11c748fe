// Show the API's document with Swagger UI. The token that is entered stays on this page.
const place = document.querySelector("#api-docs");
const dark = matchMedia("(prefers-color-scheme: dark)");

function followTheSystem() {
  document.documentElement.classList.toggle("dark-mode", dark.matches);
}

followTheSystem();
dark.addEventListener("change", followTheSystem);

window.SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
  // The session cookie is never sent along: the API takes tokens only.
  requestInterceptor: (request) => ({ ...request, credentials: "omit" }),
});
