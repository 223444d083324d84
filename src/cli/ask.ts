import { fault } from "../std/fault.ts";
import type { Io } from "./io.ts";

/** Asks for a line on the terminal; `hidden` shows nothing of what is typed. @throws NO_TERMINAL, and the signal's reason */
export async function ask(question: string, io: Io, options: { hidden?: boolean; hint: string; signal: AbortSignal }): Promise<string> {
  const { stdin, stderr } = io;
  if (!stdin.isTTY) throw fault("NO_TERMINAL", { what: `asking for the ${question.toLowerCase()}`, hint: options.hint });
  const wasRaw = stdin.isRaw;
  // Before the question: whoever answers at once must not be echoed by the terminal.
  stdin.setRawMode(true);
  stderr.write(`${question}: `);
  try {
    return await readLine(stdin, stderr, options.hidden ?? false, options.signal);
  } finally {
    stdin.setRawMode(wasRaw);
    stdin.pause();
    stderr.write("\n");
  }
}

function readLine(stdin: NodeJS.ReadStream, echo: NodeJS.WriteStream, hidden: boolean, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let line = "";
    const finish = (): void => void stdin.off("data", onData).off("end", onEnd);
    const onEnd = (): void => { finish(); resolve(line); };
    const stop = (error: unknown): void => { finish(); reject(error as Error); };
    const onData = (data: Buffer): void => {
      for (const char of data.toString("utf8")) {
        if (char === "\r" || char === "\n" || char === "\u0004") return onEnd();
        if (char === "\u0003") return stop(fault("INTERRUPTED", { signal: "Ctrl-C" }));
        if (char === "\u007f" || char === "\b") {
          if (line !== "" && !hidden) echo.write("\b \b");
          line = [...line].slice(0, -1).join("");
        } else if (char === "\u0015") {
          if (!hidden) echo.write("\b \b".repeat([...line].length));
          line = "";
        } else if (char >= " ") {
          line += char;
          if (!hidden) echo.write(char);
        }
      }
    };
    if (signal.aborted) return stop(signal.reason);
    signal.addEventListener("abort", () => stop(signal.reason), { once: true });
    stdin.on("data", onData).on("end", onEnd);
    stdin.resume();
  });
}

/** All of standard input as text, without the line end behind it. At most a mebibyte. */
export async function readStdin(stdin: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > 1024 * 1024) throw fault("USAGE", { problem: "the password on standard input is longer than a mebibyte" });
  }
  return Buffer.concat(chunks).toString("utf8").replace(/\r?\n$/, "");
}
