/** A URL, or a host with a path, as messages may show it: without a user name and password, also where they are written wrongly. */
export function hideLogin(text: string): string {
  return text.replace(/^([^@]*?\/\/)?.*@/s, "$1***@");
}
