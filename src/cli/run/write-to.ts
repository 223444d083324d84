/** Writes and waits while the stream's reader is slow. */
export function writeTo(stream: NodeJS.WriteStream, data: Uint8Array | string): Promise<void> | void {
  if (stream.write(data)) return;
  return new Promise((resolve) => stream.once("drain", resolve));
}
