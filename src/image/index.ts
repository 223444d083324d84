/**
 * `sampan/image`: image archives and the views of images in them.
 *
 *     import { createReadStream, createWriteStream } from "node:fs";
 *     import { createMemoryBlobs, readArchive, writeOciArchive } from "sampan/image";
 *
 *     const blobs = createMemoryBlobs();
 *     const { images } = await readArchive(createReadStream("app.tar"), blobs);
 *     await writeOciArchive(images, blobs, createWriteStream("app.oci.tar"));
 */
export type { BlobSource, BlobTarget } from "./blobs.ts";
export { assembleImage, createImage, type Image, type ImageLayer } from "./image.ts";
export { createMemoryBlobs } from "./memory-blobs.ts";
export type { NamedImage } from "./pack-archive.ts";
export { readArchive, type ReadArchiveOptions } from "./read-archive.ts";
export { writeDockerArchive, writeOciArchive, type WriteArchiveOptions } from "./write-archive.ts";
export { Fault, isFault, type FaultCode } from "../std/fault.ts";
