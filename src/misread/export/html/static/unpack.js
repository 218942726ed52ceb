// Unpacks the model and the scripts that this page carries, and starts them.

const packed = Uint8Array.from(atob(document.getElementById("misread-packed").textContent), (one) => one.charCodeAt(0));
const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
const { model, script } = await new Response(stream).json();
for (const [type, id, text] of [["application/json", "misread-model", model], ["module", "misread-script", script]]) {
  document.body.append(Object.assign(document.createElement("script"), { type, id, textContent: text }));
}
