/** Flags of the commands that look after a registry's folder. */
export const registryFlags = {
  root: { kind: "text", value: "DIR", help: "Folder of the registry's content; by default `registry` in the store" },
  config: { kind: "text", short: "c", value: "FILE", help: "Configuration of the registry" },
} as const;
