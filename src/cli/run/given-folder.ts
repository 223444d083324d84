import { fault } from "../../std/fault.ts";

/** The folder that -w names; nothing where there is no -w, or an empty one. @throws USAGE for one that is not absolute */
export function givenFolder(workdir: string | undefined): string | undefined {
  if (workdir === undefined || workdir === "") return undefined;
  if (workdir.startsWith("/")) return workdir;
  throw fault("USAGE", { problem: `the working directory '${workdir}' is invalid, it needs to be an absolute path`, hint: "it is a path in the container, whatever folder you are in" });
}
