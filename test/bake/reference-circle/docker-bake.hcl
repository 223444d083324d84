target "default" { context = target.default.context }
