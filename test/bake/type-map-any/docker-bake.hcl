variable "O" {
  type = map(any)
  default = { a = 1, b = "x", c = null }
}
target "default" { args = { J = jsonencode(O) } }
