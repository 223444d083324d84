variable "O" {
  type = tuple([string, number])
  default = ["a"]
}
target "default" { args = { J = jsonencode(O) } }
