variable "O" {
  type = object({ name = string, on = optional(bool), m = optional(map(bool)) })
  default = { name = 5, m = { x = "true" }, extra = "goes" }
}
variable "T" {
  type = tuple([string, number])
  default = [1, "2"]
}
variable "L" {
  type = list(object({ a = optional(string) }))
  default = [{}, { a = "x" }]
}
variable "A" {
  type = list(any)
  default = [1, "x"]
}
variable "G" { type = object({ a = string, b = optional(number) }) }
target "default" {
  args = { O = jsonencode(O), T = jsonencode(T), L = jsonencode(L), A = jsonencode(A), G = jsonencode(G) }
}
