"""Engines that hold a plan: the kernel's nftables, and memory for a home that is only played."""
