import { StringDecoder } from "node:string_decoder";

/** A line without an end is cut here, in characters: a command can write one that no memory holds. */
const LONGEST = 1024 * 1024;

/** Cuts the bytes of one stream into lines, keeping what is unfinished until the rest or the end comes. */
export class LogLines {
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";

  /** The lines that these bytes finish. A carriage return ends a line too, so that nothing a progress bar wrote is lost. */
  push(data: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.write(Buffer.from(data.buffer, data.byteOffset, data.byteLength))).split("\n");
    this.#rest = lines.at(-1)!.length > LONGEST ? "" : lines.pop()!;
    return lines.flatMap(atReturns);
  }

  /** What stood behind the last line end, if anything. */
  end(): string[] {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = "";
    return rest === "" ? [] : atReturns(rest);
  }
}

function atReturns(line: string): string[] {
  if (!line.includes("\r")) return [line];
  const parts = line.split("\r").filter((part) => part !== "");
  return parts.length === 0 ? [""] : parts;
}
