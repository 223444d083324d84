import { textWidth } from "./text-width.ts";

/** A line of the live view: its text, and the colour of the whole line (an SGR code). */
export interface ScreenLine {
  readonly text: string;
  readonly color?: string;
}

/** Ten pictures a second at most; the clock of running steps goes on when nothing happens. */
const FRAME = 100;
const CLOCK = 500;

/**
 * The last lines of a terminal, drawn again and again in the same place. `picture` is asked for the lines whenever
 * something changed, with the columns and rows there are; it must not give more than these.
 */
export class LiveScreen {
  readonly #stream: NodeJS.WriteStream;
  readonly #color: boolean;
  readonly #picture: (columns: number, rows: number) => readonly ScreenLine[];
  readonly #clock: NodeJS.Timeout;
  readonly #restore = (): void => this.close();
  readonly #onResize = (): void => this.changed();
  #drawn: readonly number[] = [];
  #pending: NodeJS.Timeout | undefined;
  #last = 0;
  #closed = false;

  constructor(stream: NodeJS.WriteStream, options: { color: boolean; picture: (columns: number, rows: number) => readonly ScreenLine[] }) {
    this.#stream = stream;
    this.#color = options.color;
    this.#picture = options.picture;
    this.#clock = setInterval(() => this.changed(), CLOCK);
    this.#clock.unref();
    stream.write("\u001b[?25l");
    stream.on("resize", this.#onResize);
    // However the process ends, the cursor is there again.
    process.on("exit", this.#restore);
  }

  /** Something is to be shown; drawn at once, or when the time for the next picture has come. */
  changed(): void {
    if (this.#closed || this.#pending) return;
    const wait = Math.max(0, this.#last + FRAME - Date.now());
    if (wait === 0) this.#draw();
    else {
      this.#pending = setTimeout(() => {
        this.#pending = undefined;
        this.#draw();
      }, wait);
      this.#pending.unref();
    }
  }

  /** Takes the live view away, writes lines that stay, and gives the terminal back. */
  close(lines: readonly ScreenLine[] = []): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#clock);
    clearTimeout(this.#pending);
    this.#stream.off("resize", this.#onResize);
    process.off("exit", this.#restore);
    this.#stream.write(`${this.#back()}\u001b[J${lines.map((line) => `${this.#paint(line)}\n`).join("")}\u001b[?25h`);
  }

  #draw(): void {
    this.#last = Date.now();
    const columns = this.#stream.columns || 80;
    const rows = this.#stream.rows || 24;
    const lines = this.#picture(columns, rows - 1).slice(0, rows - 1);
    const text = `${this.#back()}${lines.map((line) => `${this.#paint(line)}\u001b[K\n`).join("")}\u001b[J`;
    this.#drawn = lines.map((line) => textWidth(line.text));
    this.#stream.write(text);
  }

  /** To where the last picture began. A terminal that became narrower has broken long lines into several rows. */
  #back(): string {
    const columns = this.#stream.columns || 80;
    const rows = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    const up = Math.min(rows, (this.#stream.rows || 24) - 1);
    return up === 0 ? "" : `\r\u001b[${up}A`;
  }

  #paint({ text, color }: ScreenLine): string {
    return color !== undefined && this.#color ? `\u001b[${color}m${text}\u001b[0m` : text;
  }
}
