variable "O" {
  type = tuple([string, number])
  default = ["a", 1]
}
target "default" { args = { J = jsonencode(O) } }
