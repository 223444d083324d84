variable "O" {
  type = list(any)
  default = [1, true]
}
target "default" { args = { J = jsonencode(O) } }
