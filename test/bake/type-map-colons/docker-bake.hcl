variable "O" {
  type = map(string)
  default = { z = 1 }
}
target "default" { args = { J = jsonencode(O) } }
