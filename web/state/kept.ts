/** What the browser keeps of choices; nothing where it may keep nothing. */
export function kept(name: string): string | undefined {
  try {
    return localStorage.getItem(`sampan.${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`sampan.${name}`, value);
  } catch {
    // A choice that is not kept holds until the page is closed.
  }
}
