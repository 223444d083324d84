/** Whether there is no such file: folders of other programs also hold what does not belong there, such as a file in the place of a folder. */
export function isAbsence(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
}
