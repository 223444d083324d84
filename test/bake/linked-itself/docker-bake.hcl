target "default" { contexts = { m = "target:default" } }
