import { writeOutput } from "../../export/write-output.ts";
import { sourceDate } from "../../graph/source-date.ts";
import type { DocumentOptions } from "../../scan/documents/subject.ts";
import type { Io } from "../io.ts";
import { packageVersion } from "../../std/package-version.ts";
import type { ScannedTarget } from "./scan-target.ts";

export interface WriteOptions {
  readonly format: "table" | "spdx-json" | "cyclonedx-json";
  /** `-` is standard output. */
  readonly output: string;
  readonly io: Io;
}

/** Writes what was found in a form. @throws SOURCE_DATE_EPOCH_INVALID, OUTPUT_INVALID, DISK_FULL */
export async function writeDocument({ scan, subject, layers }: ScannedTarget, { format, output, io }: WriteOptions): Promise<void> {
  const epoch = sourceDate(io.env["SOURCE_DATE_EPOCH"], undefined);
  const options: DocumentOptions = { subject, ...(layers === undefined ? {} : { layers }), toolVersion: packageVersion(), created: epoch === undefined ? new Date() : new Date(epoch * 1000) };
  const text = format === "table" ? (await import("../../scan/documents/package-table.ts")).packageTable(scan.packages)
    : `${JSON.stringify(await documentOf(), null, 2)}\n`;
  await writeOutput(output, io.cwd, (stream) => new Promise((resolve, reject) => stream.write(text, (error) => (error ? reject(error) : resolve()))));

  async function documentOf(): Promise<unknown> {
    return format === "spdx-json" ? (await import("../../scan/documents/spdx.ts")).spdxDocument(scan, options) : (await import("../../scan/documents/cyclonedx.ts")).cycloneDxDocument(scan, options);
  }
}
