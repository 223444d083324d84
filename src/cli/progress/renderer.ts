import type { ProgressEvent } from "../../std/progress.ts";

/** Turns progress events into what a person or a program reads on standard error. */
export interface Renderer {
  readonly onEvent: (event: ProgressEvent) => void;
  /** Whether every line of every log has been written, so that the log of a failed step need not be shown again. */
  readonly showsLogs: boolean;
  /** Writes what is left to say and gives the screen back. After it nothing more may be written. */
  close(): void;
}

export interface RendererOptions {
  readonly stream: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  /** Show for each step why it ran or what it hit. */
  readonly explain?: boolean;
}

export type ProgressMode = "auto" | "tty" | "plain" | "quiet" | "rawjson" | "none";
export const progressModes = ["auto", "tty", "plain", "quiet", "rawjson", "none"] as const;

/** The renderer of a --progress mode; `auto` is the live view on a terminal and plain lines elsewhere. */
export async function createRenderer(mode: ProgressMode, options: RendererOptions): Promise<Renderer> {
  const chosen = mode === "auto" ? (options.stream.isTTY === true && options.env["TERM"] !== "dumb" ? "tty" : "plain") : mode;
  switch (chosen) {
    case "plain":
      return (await import("./plain.ts")).plainRenderer(options);
    case "tty":
      return (await import("./tty.ts")).ttyRenderer(options);
    case "rawjson":
      return (await import("./rawjson.ts")).rawjsonRenderer(options);
    case "quiet":
    case "none":
      return { showsLogs: false, onEvent: () => {}, close: () => {} };
  }
}
