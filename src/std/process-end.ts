let ending = false;

/** Says that this process ends as soon as its work is done. */
export function endAfterWork(): void {
  ending = true;
}

/** Whether what only tidies up for the process's own rest may be left undone. */
export function endsAfterWork(): boolean {
  return ending;
}
