import { serveRegistry } from "../../src/server/serve-registry.ts";

/** `node registry-child.ts ROOT`: a registry in a process of its own, to be killed; prints its address. */
const server = await serveRegistry({ listen: "127.0.0.1:0", root: process.argv[2]!, onProblem: (problem) => console.error(problem) });
console.log(server.address);
