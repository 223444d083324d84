target "default" { contex = "x" }
