"""Service items 政务服务事项 as data: a folder with an `item.yaml` is a complete item."""
