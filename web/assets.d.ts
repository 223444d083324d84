/** What the build makes of files that are no code: their addresses. */
declare module "*.svg" {
  const address: string;
  export default address;
}
