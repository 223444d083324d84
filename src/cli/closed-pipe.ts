/**
 * Ends the process quietly when the reader of its output has gone, as in `sampan images | head -1`,
 * with the status that shells give to a program ended by SIGPIPE.
 */
export function onClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(141);
      throw error;
    });
  }
}
