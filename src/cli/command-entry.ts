import type { Command } from "./command.ts";

/** A command as the overview shows it; its file is read when it is called. */
export interface CommandEntry {
  readonly summary: string;
  readonly group: "Build and carry" | "Containers" | "Images" | "The store" | "Registries" | "Sampan itself";
  load(): Promise<Command>;
}
