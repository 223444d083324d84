target "default" { tags = "one" }
