/** A line of a container's log, with the members of docker's json-file driver. */
export interface LogEntry {
  /** With the line end, unless the container wrote none or the line was too long for one entry. */
  readonly log: string;
  readonly stream: "stdout" | "stderr";
  /** RFC 3339 with nanoseconds, UTC. */
  readonly time: string;
}

/** The log files of a container, the newest first. */
export function logFiles(folder: string, id: string, files: number): string[] {
  return Array.from({ length: files }, (_, index) => `${folder}/${id}-json.log${index === 0 ? "" : `.${index}`}`);
}
