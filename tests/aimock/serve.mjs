// Serves aimock on a free port, says its URL in the first line, and stops when its standard input is closed.
// The model's name says how it answers: echo-3 says the user's last text in pieces of three characters, tool-3 gives it to
// a tool in such pieces, status-429 fails; texts to embed get a vector each.
import { LLMock } from "@copilotkit/aimock";

const mock = new LLMock({ port: 0 });
const said = ({ messages }) => {
  const { content } = messages.findLast(({ role }) => role === "user");
  return typeof content === "string" ? content : content.map(({ text }) => text ?? "").join("");
};
for (const chunkSize of [1, 2, 3, 5, 8, 13, 1000]) {
  mock.on({ model: `echo-${chunkSize}` }, (request) => ({ content: said(request) }), { chunkSize });
  const call = (request) => ({ toolCalls: [{ name: "mail", arguments: { to: said(request) } }] });
  mock.on({ model: `tool-${chunkSize}` }, call, { chunkSize });
}
for (const status of [400, 401, 404, 429, 500, 503]) {
  mock.on({ model: `status-${status}` }, { error: { message: "as asked", type: "failed" }, status });
}
mock.onEmbedding(/./su, { embedding: [0.5, 0.25, -0.5] });
console.log(await mock.start());
process.stdin.on("end", () => process.exit(0)).resume();
