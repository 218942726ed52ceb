// Renders the server's own openapi.json; nothing comes from elsewhere.

const COMMANDS = {
  "/v1/predict": (origin) =>
    [
      `curl -F images=@photo.jpg '${origin}/v1/predict'`,
      `curl -F images=@one.png -F images=@two.png '${origin}/v1/predict?explain=true'`,
      `curl -H 'Content-Type: application/json' -d '{"images": [[[0, 255, ...], ...]]}' ${origin}/v1/predict`,
    ].join("\n"),
};

function element(tag, text, ...children) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

/** A schema in a few words: its type, its bounds, its members. */
function words(schema, all, depth = 0) {
  if (schema.$ref) return words(all.components.schemas[schema.$ref.split("/").at(-1)], all, depth);
  if (schema.anyOf) return schema.anyOf.map((one) => words(one, all, depth)).join(" or ");
  const indent = "  ".repeat(depth + 1);
  if (schema.properties) {
    const members = Object.entries(schema.properties).map(
      ([name, one]) => `${indent}${name}: ${words(one, all, depth + 1)}${one.description ? `  — ${one.description}` : ""}`,
    );
    return `{\n${members.join("\n")}\n${"  ".repeat(depth)}}`;
  }
  if (schema.type === "array" && schema.items) return `[${count(schema)}${words(schema.items, all, depth)}]`;
  if (schema.type === "integer" && "minimum" in schema) return `${schema.minimum}..${schema.maximum}`;
  if (schema.format === "binary") return "file";
  return schema.type ?? "any";
}

function count({ minItems, maxItems }) {
  if (maxItems === undefined) return "";
  return `${minItems === maxItems ? maxItems : `${minItems ?? 0} to ${maxItems}`} × `;
}

function operation(path, method, one, all) {
  const section = element("section", "", element("h3", `${method.toUpperCase()} ${path}`), element("p", one.description ?? one.summary));
  const block = (title, text) => section.append(element("h4", title), element("pre", "", element("code", text)));
  if (COMMANDS[path]) block("From a shell", COMMANDS[path](location.origin));
  for (const { name, description } of one.parameters ?? []) block(`?${name}=true`, description);
  for (const [type, { schema }] of Object.entries(one.requestBody?.content ?? {})) block(`Body: ${type}`, words(schema, all));
  block("Answer", words(one.responses[200].content["application/json"].schema, all));
  const failures = element("dl");
  for (const [status, { description }] of Object.entries(one.responses)) {
    if (status !== "200") failures.append(element("dt", status), element("dd", description));
  }
  section.append(element("h4", "Failures, each with its reason as JSON"), failures);
  return section;
}

const all = await (await fetch("/openapi.json")).json();
for (const [path, methods] of Object.entries(all.paths)) {
  for (const [method, one] of Object.entries(methods)) document.getElementById("api").append(operation(path, method, one, all));
}
