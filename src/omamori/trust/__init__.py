"""The judgement of a peer: translation tables, standing, verdict and the meeting, without input or output."""
