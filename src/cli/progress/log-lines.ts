import { StringDecoder } from "node:string_decoder";

/** Cuts the bytes of one stream into lines, keeping what is unfinished until the rest or the end comes. */
export class LogLines {
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";

  /** The lines that these bytes finish. */
  push(data: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.write(Buffer.from(data.buffer, data.byteOffset, data.byteLength))).split("\n");
    this.#rest = lines.pop()!;
    return lines.map(afterReturns);
  }

  /** What stood behind the last line end, if anything. */
  end(): string[] {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = "";
    return rest === "" ? [] : [afterReturns(rest)];
  }
}

/** What a terminal would show of a line that a progress bar drew over itself with carriage returns. */
function afterReturns(line: string): string {
  const trimmed = line.endsWith("\r") ? line.slice(0, -1) : line;
  return trimmed.slice(trimmed.lastIndexOf("\r") + 1);
}
