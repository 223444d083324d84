variable "O" {
  type = map(string)
  default = { a = 1 }
}
target "default" { args = { J = jsonencode(O) } }
