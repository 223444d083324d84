/** Something that went wrong in a server that goes on, foreseen and told in words: the place in the program says nothing more. */
export class Trouble extends Error {
  override readonly name = "Trouble";
}
