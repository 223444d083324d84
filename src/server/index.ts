export { serveRegistry, type RegistryServer, type RequestEntry, type ServeOptions } from "./serve-registry.ts";
export { defaultSettings, type Settings } from "./settings.ts";
