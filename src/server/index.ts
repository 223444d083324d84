/**
 * `sampan/server`: the registry server, on a folder.
 *
 *     import { serveRegistry } from "sampan/server";
 *
 *     const registry = await serveRegistry({ listen: "127.0.0.1:5000", root: "./registry" });
 *     console.log("listening on", registry.address);
 *     await registry.close();
 */
export { serveRegistry, type RegistryServer, type ServeOptions } from "./serve-registry.ts";
export type { RequestEntry } from "./notify/request-entry.ts";
export { defaultSettings, type Settings } from "./terms/settings.ts";
export { Fault, isFault, type FaultCode } from "../std/fault.ts";
