/**
 * Licences that all hold, as one expression: each once, in the order of their first appearance.
 * @param licenses expressions, or names that are none
 */
export function joinLicenses(licenses: Iterable<string>): string {
  const all = [...new Set([...licenses].flatMap((each) => (/[()]| OR | with /i.test(each) ? [each] : each.split(" AND "))))];
  return all.length === 1 ? all[0]! : all.map((each) => (/ OR /i.test(each) ? `(${each})` : each)).join(" AND ");
}
